// What the page takes from npm. `npm run build` puts it into one file, with the Buffer of Node.js that rsocket-js expects.
export { Buffer } from "buffer";
export { RSocketConnector } from "rsocket-core";
export { WebsocketClientTransport } from "rsocket-websocket-client";
