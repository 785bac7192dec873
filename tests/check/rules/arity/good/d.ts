// @ts-nocheck
export const collect = (styles, browser) => styles + browser;
