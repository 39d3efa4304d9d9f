/** `v1`, `v1beta`, `v1beta1`, `v2alpha`: the path segment that providers put their API's version in. */
export function isVersion(segment: string): boolean {
  return segment.charCodeAt(0) === 0x76 && /^v\d+((alpha|beta)\d*)?$/.test(segment);
}
