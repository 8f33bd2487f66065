// Joins the program of the worker that started this one: the same module on the same memory, whose `main`
// then serves as one of its threads. "ready" comes before that, because a thread that serves never speaks.
addEventListener(
  "message",
  async ({ data: [script, module, memory] }) => {
    try {
      const { default: join } = await import(script);
      postMessage("ready");
      await join({ module_or_path: module, memory });
    } catch (cause) {
      postMessage(String(cause));
    }
  },
  { once: true },
);
