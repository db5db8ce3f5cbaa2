declare module 'gltf-validator' {
  export interface Report {
    issues: { messages: Array<{ code: string; severity: number; message: string; pointer?: string }> };
  }
  const validator: { validateBytes(data: Uint8Array): Promise<Report> };
  export default validator;
}
