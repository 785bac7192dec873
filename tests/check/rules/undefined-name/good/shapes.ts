export const Box = { label: "" };
