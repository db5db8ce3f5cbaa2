import { describe, expect, it } from 'vitest';
import { askingAgain, describe as describeCall } from '../src/rtc/ask-again';

const AUDIO = ['m=audio 9 UDP/TLS/RTP/SAVPF 111 0', 'a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 transport-cc', 'a=rtpmap:0 PCMU/8000', ''];

describe('asking for lost packets again', () => {
  it('is said for Opus, once, whatever number it has', () => {
    const said = askingAgain(AUDIO.join('\r\n'));
    expect(said.split('\r\n')).toEqual([AUDIO[0], AUDIO[1], 'a=rtcp-fb:111 nack', ...AUDIO.slice(2)]);
    expect(askingAgain(said)).toBe(said);
    expect(askingAgain('a=rtpmap:96 OPUS/48000/2\n')).toBe('a=rtpmap:96 OPUS/48000/2\na=rtcp-fb:96 nack\n');
  });

  it('is not taken for said by what is like it', () => {
    const pictures = 'a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack pli\r\na=rtcp-fb:11 nack\r\n';
    expect(askingAgain(pictures)).toContain('\r\na=rtcp-fb:111 nack\r\n');
  });

  it('is left out where there is no Opus', () => {
    for (const sdp of ['', 'v=0\r\n', 'a=rtpmap:0 PCMU/8000\r\n', 'a=rtpmap:111 opus/16000\r\n']) expect(askingAgain(sdp)).toBe(sdp);
  });
});

describe('a description of this end', () => {
  /** A browser's end of a call; `takes` says which descriptions it sets. */
  function peer(takes: (sdp: string) => boolean) {
    const made = AUDIO.join('\r\n');
    const tried: string[] = [];
    const end = {
      localDescription: null as { type: string; sdp: string } | null,
      createOffer: async () => ({ type: 'offer', sdp: made }),
      createAnswer: async () => ({ type: 'answer', sdp: made }),
      setLocalDescription: async (description: { type: string; sdp: string }) => {
        tried.push(`${description.type} ${description.sdp.includes('a=rtcp-fb:111 nack')}`);
        if (!takes(description.sdp)) throw new DOMException('not as it was made', 'InvalidModificationError');
        end.localDescription = description;
      },
    };
    return { made, tried, end: end as unknown as RTCPeerConnection };
  }

  it.each(['offer', 'answer'] as const)('asks for lost packets again where the browser takes it: %s', async (type) => {
    const { made, tried, end } = peer(() => true);
    expect(await describeCall(end, type)).toBe(askingAgain(made));
    expect(tried).toEqual([`${type} true`]);
  });

  it.each(['offer', 'answer'] as const)('is as the browser made it where it takes nothing else: %s', async (type) => {
    const { made, tried, end } = peer((sdp) => sdp === AUDIO.join('\r\n'));
    expect(await describeCall(end, type)).toBe(made);
    expect(tried).toEqual([`${type} true`, `${type} false`]);
  });

  it('is none where it takes not even that', async () => {
    await expect(describeCall(peer(() => false).end, 'offer')).rejects.toThrow('not as it was made');
  });
});
