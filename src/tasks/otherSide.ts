import { EngineError } from "../engine/errors";

/** A network for images of another size than the data has; read again at `side`, it would fit. */
export class OtherSide extends EngineError {
  override name = "OtherSide";

  constructor(
    name: string,
    readonly side: number,
    has: number,
  ) {
    super(`${name} expects images of ${side} pixels; this data has ${has}.`, `Read the images at ${side} pixels, or use another teacher.`);
  }
}
