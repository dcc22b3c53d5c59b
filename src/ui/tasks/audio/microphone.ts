/** A moment of sound from the microphone. It goes to the page's own worker and nowhere else. */
import { RATE } from "../../../data/fbank";
import { toInt16 } from "../../../data/sounds";

/** Milliseconds that are recorded: generated sounds last one second. */
const LENGTH_MS = 1200;

/** What was heard, of 16 bits at 16 kHz. Rejects where there is no microphone, or the visitor does not allow it. */
export async function listen(): Promise<Int16Array> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  try {
    const context = new OfflineAudioContext(1, 1, RATE);
    const heard = await context.decodeAudioData(await recorded(stream));
    return toInt16(heard.getChannelData(0));
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

/** The recording as the browser writes it; it decodes it at whatever rate a context has. */
async function recorded(stream: MediaStream): Promise<ArrayBuffer> {
  const recorder = new MediaRecorder(stream);
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise((done) => {
    recorder.onstop = done;
  });
  recorder.start();
  setTimeout(() => recorder.stop(), LENGTH_MS);
  await ended;
  return new Blob(parts).arrayBuffer();
}
