/** The images that the stage can show, to pick one. */

/** An image, and what is on it. */
export interface Pickable {
  picture: HTMLCanvasElement;
  name: string;
}

interface PickerProps {
  pictures: readonly Pickable[];
  chosen: number;
  onPick(image: number): void;
  /** What is picked, for those who do not see it. */
  legend?: string;
}

export function Picker({ pictures, chosen, onPick, legend = "Image on the stage" }: PickerProps) {
  return (
    <fieldset className="picker">
      <legend className="hidden">{legend}</legend>
      {pictures.map(({ picture, name }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name, and classes may repeat
        <button key={i} type="button" aria-pressed={i === chosen} aria-label={`Image ${i + 1}: ${name}`} onClick={() => onPick(i)}>
          <Thumbnail picture={picture} />
        </button>
      ))}
    </fieldset>
  );
}

function Thumbnail({ picture }: { picture: HTMLCanvasElement }) {
  const draw = (canvas: HTMLCanvasElement | null) => canvas?.getContext("2d")?.drawImage(picture, 0, 0);
  return <canvas ref={draw} width={picture.width} height={picture.height} />;
}
