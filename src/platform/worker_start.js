// The first script of a worker. It runs from a blob, so that the worker obeys the page's
// Content-Security-Policy: one fetched from a static host would obey the headers of its own response,
// and there are none. Whatever ends the program is told to the page as a `Died` response from here,
// because after a trap the program itself cannot be trusted to speak.
globalThis.rectoPlace = PLACE;
// For the threads that the program starts: they join it with the same script.
globalThis.programAddress = SCRIPT;
globalThis.threadCount = THREADS;
let program;
let ended = false;
const report = (cause) => {
  if (ended) return;
  ended = true;
  let message = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const bytes = program?.memory?.buffer.byteLength ?? 0;
  // A panic tells its message before it traps; a trap without one is nearly always memory refused.
  if (cause instanceof WebAssembly.RuntimeError || cause instanceof RangeError) {
    message += ` (with ${Math.round(bytes / 1048576)} MiB in use; memory may have run out)`;
  }
  postMessage([JSON.stringify({ response: "died", message })]);
};
// For whoever looks at a worker from outside: its memory in bytes.
globalThis.memoryInUse = () => program?.memory?.buffer.byteLength ?? 0;
addEventListener("error", (event) => {
  event.preventDefault();
  report(event.error ?? event.message);
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  report(event.reason);
});
// The page asks for this lock too, once told that it is held: it gets it the moment this worker is gone,
// however it went.
if (navigator.locks) {
  await new Promise((held) => {
    navigator.locks
      .request(LIFELINE, () => {
        postMessage([LIFELINE]);
        held();
        return new Promise(() => {});
      })
      .catch(held);
  });
}
try {
  const { default: start } = await import(SCRIPT);
  program = await start({ module_or_path: MODULE });
} catch (cause) {
  report(cause);
}
