// Starts the page's program, or says in plain words why it cannot start. An ordinary script, so that
// browsers too old for modules get the words too.
(function () {
  "use strict";
  var own = document.currentScript;
  var script = new URL(own.dataset.script, document.baseURI).href;
  var module = new URL(own.dataset.module, document.baseURI).href;

  function say(text) {
    var note = document.getElementById("boot");
    if (note) {
      note.className = "boot-note";
      note.setAttribute("role", "alert");
      note.textContent = text;
    }
  }

  // (module (func (result v128) (v128.const i32x4 0 0 0 0)))
  var simd = new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 22, 1, 20, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 11,
  ]);
  if (typeof WebAssembly !== "object") {
    say("This browser has no WebAssembly, which Recto is made of. Please use a current Firefox, Chrome, Edge or Safari.");
    return;
  }
  if (!WebAssembly.validate(simd)) {
    say("This browser is too old for Recto: its WebAssembly has no SIMD. Any Firefox, Chrome, Edge or Safari since 2023 will do.");
    return;
  }
  import(script)
    .then(function (program) {
      return program.default({ module_or_path: module });
    })
    .catch(function (cause) {
      say("Recto could not be loaded (" + cause + "). Check the connection and reload the page.");
    });
})();
