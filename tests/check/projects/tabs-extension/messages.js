export const MESSAGES = { PAGE_READY: 'pageReady' };
