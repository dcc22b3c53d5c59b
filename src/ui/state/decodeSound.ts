/** Decodes sounds with the browser's own decoders, which pages have and workers lack. */
import { RATE } from "../../data/fbank";
import type { Recording } from "../../data/wav";

/** A sound in any format that the browser knows, at 16 kHz, its channels mixed to one. Rejects what it does not know. */
export async function decodeSound(bytes: Uint8Array): Promise<Recording> {
  const context = new OfflineAudioContext(1, 1, RATE);
  const sound = await context.decodeAudioData(bytes.slice().buffer);
  const samples = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++)
    for (const [i, value] of sound.getChannelData(channel).entries()) samples[i] += value / sound.numberOfChannels;
  return { rate: RATE, channels: sound.numberOfChannels, samples };
}
