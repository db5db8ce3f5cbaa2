/**
 * Lost packets of voice are asked for again (NACK, RFC 4585). Browsers offer that for pictures only, and do it for
 * voice, too, where both descriptions say so: so it is written into this end's before it is set.
 */

/** The description with `nack` among what is fed back for Opus; as it is where there is no Opus, or it says so already. */
export function askingAgain(sdp: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000.*$/im.exec(sdp);
  if (opus === null) return sdp;
  const line = `a=rtcp-fb:${opus[1]} nack`;
  if (new RegExp(`^${line}\\s*$`, 'm').test(sdp)) return sdp;
  const end = /\r\n/.test(sdp) ? '\r\n' : '\n';
  return sdp.replace(opus[0], () => `${opus[0].trimEnd()}${end}${line}`);
}

/** Sets this end's description, asking for lost packets again where the browser lets it. Throws where it cannot at all. */
export async function describe(peer: RTCPeerConnection, type: 'offer' | 'answer'): Promise<string> {
  const made = await (type === 'offer' ? peer.createOffer() : peer.createAnswer());
  try {
    await peer.setLocalDescription({ type, sdp: askingAgain(made.sdp ?? '') });
  } catch {
    await peer.setLocalDescription(made);
  }
  return peer.localDescription?.sdp ?? '';
}
