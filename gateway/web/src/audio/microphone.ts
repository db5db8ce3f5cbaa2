/** Asking for the microphone, and why it may not be had. */

/** Why there is no microphone. */
export type MicTrouble = 'insecure' | 'denied' | 'missing' | 'in_use' | 'failed';

export class MicError extends Error {
  constructor(readonly trouble: MicTrouble) {
    super(`no microphone: ${trouble}`);
  }
}

const ASKED_FOR: MediaTrackConstraints = { noiseSuppression: true, autoGainControl: true, channelCount: 1 };

/**
 * Opens the microphone of this id, or where that is not there or `id` is empty, the system's, with noise
 * suppression, gain control and, if `echo`, with the browser's echo cancellation.
 */
export async function openMicrophone(id: string, echo: boolean): Promise<{ stream: MediaStream; isChosen: boolean }> {
  const wanted = { ...ASKED_FOR, echoCancellation: echo };
  // Browsers hide mediaDevices from pages that are neither https nor on this machine.
  if (!window.isSecureContext || navigator.mediaDevices === undefined) throw new MicError('insecure');
  if (id !== '') {
    try {
      return { stream: await open({ ...wanted, deviceId: { exact: id } }), isChosen: true };
    } catch (error) {
      // Who refused is not asked again.
      if (error instanceof MicError && error.trouble === 'denied') throw error;
    }
  }
  return { stream: await open(wanted), isChosen: id === '' };
}

async function open(audio: MediaTrackConstraints): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new MicError(micTrouble(error instanceof DOMException ? error.name : ''));
  }
}

/** What a DOMException's name from getUserMedia means for the user. */
export function micTrouble(name: string): MicTrouble {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'in_use';
    default:
      return 'failed';
  }
}
