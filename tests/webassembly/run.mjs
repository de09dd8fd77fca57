// Runs a script on MicroPython's WebAssembly port:   node run.mjs FOLDER <request
//
// FOLDER has the port in node_modules. The request is JSON: `files`, by path, in base64, which are put into the port's file
// system, and `script`. What the script prints goes to stdout; an exception is told on stderr, status 1.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const HEAP_BYTES = 16 << 20;

const port = resolve(process.argv[2], "node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs");
const { loadMicroPython } = await import(pathToFileURL(port));
const request = JSON.parse(readFileSync(0, "utf8"));
const micropython = await loadMicroPython({ heapsize: HEAP_BYTES, linebuffer: true, stdout: (line) => console.log(line) });
for (const [path, data] of Object.entries(request.files)) {
  micropython.FS.mkdirTree(dirname(path));
  micropython.FS.writeFile(path, Buffer.from(data, "base64"));
}
try {
  micropython.runPython(request.script);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
