// VPP selectors of several types. Punts with equal selectors share an interconnect or conflict.

/** Returns the selector of all or some packets of one interface: HAIRPIN, HAIRPIN_XCONNECT, ABX and ISISX. */
export function interfaceSelector(name: string): string {
  return `vpp/interface/${name}`;
}

/** Returns the interface whose packets a selector selects, by the name that the interconnect has it by; undefined for another selector. */
export function interfaceIn(selector: string): string | undefined {
  const prefix = [interfaceSelector(""), spanSelector("")].find((each) => selector.startsWith(each));
  return prefix === undefined ? undefined : selector.slice(prefix.length);
}

/** Returns the VRFs that a request over an interface names: VRF 0 stands for the VRF of the interface. */
export function namedVrfs(vrf: number): number[] {
  return vrf === 0 ? [] : [vrf];
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
