// rsocket-js expects it to be global, as in Node.js.
export { Buffer } from "buffer";
