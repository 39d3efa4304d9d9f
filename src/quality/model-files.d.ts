/** What the bundler makes of a file that is imported with `type: "file"`: its path. */
declare module "*.model" {
  const path: string;
  export default path;
}
