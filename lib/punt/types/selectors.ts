// VPP selectors of several types. Punts with equal selectors share an interconnect or conflict.

/** Returns the selector of all or some packets of one interface: HAIRPIN, HAIRPIN_XCONNECT, ABX and ISISX. */
export function interfaceSelector(name: string): string {
  return `vpp/interface/${name}`;
}

export function hairpinSelector(name: string): string {
  return `vpp/hairpin/interface/${name}`;
}

export function spanSelector(name: string): string {
  return `vpp/span/interface/${name}`;
}

export function vrfSelector(vrf: number): string {
  return `vpp/vrf/${vrf}`;
}
