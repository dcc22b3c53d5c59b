/** Plays a sound. */

/** Samples a second of every sound. */
const RATE = 16_000;

let context: AudioContext | undefined;
let playing: AudioBufferSourceNode | undefined;

/** Plays samples of 16 bits at 16 kHz, and stops what played before. */
export function play(wave: Int16Array): void {
  context ??= new AudioContext();
  void context.resume();
  playing?.stop();
  const buffer = context.createBuffer(1, wave.length, RATE);
  buffer.copyToChannel(
    Float32Array.from(wave, (v) => v / 2 ** 15),
    0,
  );
  playing = context.createBufferSource();
  playing.buffer = buffer;
  playing.connect(context.destination);
  playing.start();
}
