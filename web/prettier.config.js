/** The style in which the page was written before Prettier kept it. */
export default {
  singleQuote: true,
  printWidth: 140,
  bracketSameLine: true,
};
