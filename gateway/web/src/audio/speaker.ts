/** Through which speaker something is heard, in browsers that leave the choice to a page. */

interface Sink {
  readonly sinkId: unknown;
  setSinkId(id: string): Promise<void>;
}

/** Whether this browser does. */
export function canChooseSpeaker(): boolean {
  return typeof HTMLMediaElement === 'function' && 'setSinkId' in HTMLMediaElement.prototype;
}

/** Has it sound from the speaker of this id, empty for the system's; false where only the system's can be had. */
export async function useSpeaker(target: object, id: string): Promise<boolean> {
  if (!('setSinkId' in target)) return id === '';
  const sink = target as Sink;
  if (sink.sinkId === id) return true;
  try {
    await sink.setSinkId(id);
    return true;
  } catch {
    if (id !== '') await sink.setSinkId('').catch(() => undefined);
    return false;
  }
}
