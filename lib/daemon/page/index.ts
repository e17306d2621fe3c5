// The page: its files, and the handler that serves them.
export { loadPage, type PageFiles } from "./files.js";
export { withPage } from "./handler.js";
