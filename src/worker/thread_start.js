// Joins the program of the worker that started this one: the same module on the same memory. "ready" comes when
// that is done, and before it serves, because a thread that serves never speaks.
addEventListener(
  "message",
  async ({ data: [script, module, memory] }) => {
    try {
      const { default: join, serveAsThread } = await import(script);
      await join({ module_or_path: module, memory });
      postMessage("ready");
      serveAsThread();
    } catch (cause) {
      postMessage(String(cause));
    }
  },
  { once: true },
);
