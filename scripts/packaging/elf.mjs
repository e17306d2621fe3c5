// The requirements of a 64-bit little-endian ELF shared object on the system that loads it.
import { readFileSync } from "node:fs";

const SECTION_DYNAMIC = 6;
const SECTION_DYNSYM = 11;
const SECTION_VERNEED = 0x6ffffffe;
const SECTION_VERSYM = 0x6fffffff;
const SYMBOL_SIZE = 24;
const DT_NEEDED = 1n;
const MACHINES = { 62: "x64", 183: "arm64" };
const UNDEFINED_SECTION = 0;
const ABSOLUTE_SECTION = 0xfff1;
const BIND_WEAK = 2;

function cString(bytes, offset) {
  return bytes.toString("latin1", offset, bytes.indexOf(0, offset));
}

function readSections(elf) {
  const table = Number(elf.readBigUInt64LE(0x28));
  const size = elf.readUInt16LE(0x3a);
  return Array.from({ length: elf.readUInt16LE(0x3c) }, (_, index) => {
    const at = table + index * size;
    return {
      type: elf.readUInt32LE(at + 4),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
      link: elf.readUInt32LE(at + 40),
    };
  });
}

function readNeeded(elf, section, strings) {
  const needed = [];
  for (let at = section.offset; at < section.offset + section.size; at += 16) {
    if (elf.readBigInt64LE(at) === DT_NEEDED)
      needed.push(cString(elf, strings.offset + Number(elf.readBigUInt64LE(at + 8))));
  }
  return needed;
}

/** Versions such as "GLIBC_2.31", each with its library. */
function readVersions(elf, section, strings) {
  const versions = [];
  for (let at = section.offset, next = 1; next !== 0; at += next) {
    const library = cString(elf, strings.offset + elf.readUInt32LE(at + 4));
    let aux = at + elf.readUInt32LE(at + 8);
    for (let left = elf.readUInt16LE(at + 2); left > 0; left--) {
      versions.push({ library, version: cString(elf, strings.offset + elf.readUInt32LE(aux + 8)) });
      aux += elf.readUInt32LE(aux + 12);
    }
    next = elf.readUInt32LE(at + 12);
  }
  return versions;
}

/** Symbols that must come from elsewhere and name no version (index 0 or 1) of any library; a weak one need not come. */
function readUnversioned(elf, symbols, strings, versions) {
  const names = [];
  for (let index = 1; index * SYMBOL_SIZE < symbols.size; index++) {
    const at = symbols.offset + index * SYMBOL_SIZE;
    const weak = elf[at + 4] >> 4 === BIND_WEAK;
    const version = versions ? elf.readUInt16LE(versions.offset + 2 * index) : 0;
    if (elf.readUInt16LE(at + 6) === UNDEFINED_SECTION && !weak && version < 2)
      names.push(cString(elf, strings.offset + elf.readUInt32LE(at)));
  }
  return names;
}

/** Symbols that others can see and replace. */
function readExported(elf, symbols, strings) {
  const names = [];
  for (let at = symbols.offset + SYMBOL_SIZE; at < symbols.offset + symbols.size; at += SYMBOL_SIZE) {
    const section = elf.readUInt16LE(at + 6);
    const isGlobal = elf[at + 4] >> 4 !== 0;
    if (isGlobal && section !== UNDEFINED_SECTION && section !== ABSOLUTE_SECTION)
      names.push(cString(elf, strings.offset + elf.readUInt32LE(at)));
  }
  return names;
}

/** `{ arch, needed: [library], versions: [{ library, version }], unversioned: [symbol], exported: [symbol] }` of the file. */
export function readElf(file) {
  const elf = readFileSync(file);
  if (elf.readUInt32BE(0) !== 0x7f454c46) throw new Error(`${file} is not an ELF file`);
  const sections = readSections(elf);
  const sectionOf = (type) => sections.find((each) => each.type === type);
  const part = (type, read) => {
    const section = sectionOf(type);
    return section ? read(elf, section, sections[section.link], sectionOf(SECTION_VERSYM)) : [];
  };
  return {
    arch: MACHINES[elf.readUInt16LE(18)] ?? "unknown",
    needed: part(SECTION_DYNAMIC, readNeeded),
    versions: part(SECTION_VERNEED, readVersions),
    unversioned: part(SECTION_DYNSYM, readUnversioned),
    exported: part(SECTION_DYNSYM, readExported),
  };
}
