/** Where the Hub is, and where it has files fetched from. Nothing else is asked. */

export const HUB = "https://huggingface.co";

/**
 * Hosts that the Hub redirects downloads to: those that https://huggingface.co/.well-known/meta.json names as `lfsDomains` and
 * `cdnDomains`, without the hosts of the Xet protocol, which is not spoken here; and the two bridges that its documentation ("Downloading
 * models", behind a proxy or firewall) still lists. SECURITY.md and the page's policy name the same.
 */
export const HUB_FILES = [
  ...["cdn-lfs.hf.co", "cdn-lfs-us-1.hf.co", "cdn-lfs-eu-1.hf.co"],
  ...["cas-bridge.xethub.hf.co", "cas-bridge.xethub-eu.hf.co"],
  ...["aws.cdn.hf.co", "us.aws.cdn.hf.co", "us-east-1.aws.cdn.hf.co", "us-west-2.aws.cdn.hf.co"],
  ...["eu-west-3.aws.cdn.hf.co", "ap-southeast-1.aws.cdn.hf.co"],
  ...["us.gcp.cdn.hf.co", "us-east1.us.gcp.cdn.hf.co", "us-central1.us.gcp.cdn.hf.co", "us-west4.us.gcp.cdn.hf.co"],
  ...["europe-west4.us.gcp.cdn.hf.co", "asia-southeast1.us.gcp.cdn.hf.co"],
].map((host) => `https://${host}`);
