export default {
  // The module finds its files beside itself, which Vite's development server would move.
  optimizeDeps: { exclude: ["recto-reader"] },
};
