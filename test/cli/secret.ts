/** Planted in modules and providers; no output may show it. */
export const secret = 'sk_live_Hq7wR2mZ8nB4';
