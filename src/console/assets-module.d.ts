// The bundle of the page: `imports` of package.json.
declare module '#console-assets' {
  export const script: string;
  export const style: string;
}
