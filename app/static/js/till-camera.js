// The camera as a scanner: the browser's own detector where it has one, else the same in WebAssembly, served by us.

const FORMATS = ["qr_code", "code_128", "pdf417", "aztec"];
const EVERY_MS = 120;
let running = null;

async function detector(files) {
  const own = globalThis.BarcodeDetector;
  const known = own ? await own.getSupportedFormats().catch(() => []) : [];
  if (FORMATS.every((format) => known.includes(format))) return new own({ formats: FORMATS });
  const { BarcodeDetector, prepareZXingModule } = await import(files.detector);
  await prepareZXingModule({ overrides: { locateFile: () => new URL(files.wasm, location.href).href }, fireImmediately: true });
  return new BarcodeDetector({ formats: FORMATS });
}

export function closeCamera() {
  if (!running) return;
  running.stopped = true;
  for (const track of running.stream?.getTracks() ?? []) track.stop();
  running.box.hidden = true;
  running.button.hidden = false;
  running = null;
}

export function readyCamera(view, files, texts, onCode) {
  const part = (name) => view.querySelector(`[data-part="${name}"]`);
  const button = view.querySelector("[data-do=camera]");
  const say = (words) => { part("say").textContent = words; };
  button.hidden = false;
  part("photo").hidden = false;
  button.addEventListener("click", () => start({ box: part("camera"), video: part("video"), button, say }, files, texts, onCode));
  view.querySelector("[data-do=camera-off]").addEventListener("click", () => { say(""); closeCamera(); });
  part("file").addEventListener("change", (event) => photo(event.target, files, texts, say, onCode));
}

async function start(place, files, texts, onCode) {
  closeCamera();
  if (!navigator.mediaDevices?.getUserMedia) { place.say(texts.camera_insecure); return; }
  const mine = (running = { ...place, stopped: false });
  place.button.hidden = true;
  place.box.hidden = false;
  place.say(texts.looking);
  try {
    const wish = { video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false };
    const [stream, reader] = await Promise.all([navigator.mediaDevices.getUserMedia(wish), detector(files)]);
    mine.stream = stream;
    if (mine.stopped) { for (const track of stream.getTracks()) track.stop(); return; }
    place.video.srcObject = stream;
    await place.video.play();
    watch(mine, reader, onCode);
  } catch (error) {
    if (mine.stopped) return;
    closeCamera();
    place.say(texts[reason(error)]);
  }
}

const reason = ({ name }) => ({
  NotAllowedError: "camera_denied", SecurityError: "camera_denied", NotFoundError: "camera_none",
  OverconstrainedError: "camera_none", NotReadableError: "camera_busy", AbortError: "camera_busy",
})[name] ?? "camera_failed";

async function watch(mine, reader, onCode) {
  while (!mine.stopped) {
    const found = mine.video.readyState >= 2 ? await reader.detect(mine.video).catch(() => []) : [];
    if (mine.stopped) return;
    if (found.length) { closeCamera(); onCode(found[0].rawValue); return; }
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
}

async function photo(input, files, texts, say, onCode) {
  const [file] = input.files;
  input.value = "";
  if (!file) return;
  say(texts.sending);
  try {
    const found = await (await detector(files)).detect(await createImageBitmap(file));
    if (found.length) { say(""); onCode(found[0].rawValue); } else say(texts.no_code);
  } catch {
    say(texts.no_code);
  }
}
