/** Asking for the microphone, and why it may not be had. */

/** Why there is no microphone. */
export type MicTrouble = 'insecure' | 'denied' | 'missing' | 'in_use' | 'failed';

export class MicError extends Error {
  constructor(readonly trouble: MicTrouble) {
    super(`no microphone: ${trouble}`);
  }
}

/** Opens the microphone with echo cancellation, noise suppression and gain control. */
export async function openMicrophone(): Promise<MediaStream> {
  // Browsers hide mediaDevices from pages that are neither https nor on this machine.
  if (!window.isSecureContext || navigator.mediaDevices === undefined) throw new MicError('insecure');
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
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
