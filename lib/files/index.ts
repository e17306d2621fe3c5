// Files that outlive a crash, and the folders that hold them.
export { fileId, fileLifeId } from "./file-id.js";
export { ensureFolder, ensureFolderSync, folderOf, OWN_FOLDER, SOCKET_FOLDER } from "./folder.js";
export { linkAt } from "./link-at.js";
export { readBytes, readRegularFile, unreadable } from "./read-file.js";
export { seal, unseal } from "./sealed.js";
export { parseState, StateFile, type StateForm } from "./state-file.js";
export { writeDurably } from "./write-durably.js";
export { yamlContent } from "./yaml.js";
