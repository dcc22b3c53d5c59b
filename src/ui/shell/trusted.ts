/**
 * Trusted Types: a browser that knows them asks this before it starts a script from an address, such as a worker. The built page
 * (see `ui/offline/build.node.ts`) allows no other policy and no text that becomes HTML or script.
 */
export const isOwn = (address: string, base: string): boolean => new URL(address, base).href.startsWith(new URL(".", base).href);

export function trustOwnScripts(): void {
  window.trustedTypes?.createPolicy("default", {
    createScriptURL(address) {
      if (isOwn(address, document.baseURI)) return address;
      throw new TypeError(`${address} is no script of this page.`);
    },
  });
}
