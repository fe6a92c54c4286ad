/* Which trials stand for all where there are more than a picture bears. */
(function () {
  "use strict";
  const ht = window.ht;

  let spread = { data: null, places: null };

  /** Places in the order from worst to best, the best first, then ever finer steps between: however
      many are taken from the front, they are spread over all. */
  function placesOf(data) {
    if (spread.data !== data) {
      let steps = new Uint32Array([0]);
      while (steps.length < data.n) {
        const doubled = new Uint32Array(2 * steps.length);
        doubled.set(steps.map((step) => 2 * step));
        doubled.set(steps.map((step) => 2 * step + 1), steps.length);
        steps = doubled;
      }
      const places = steps.filter((step) => step < data.n).map((step) => data.n - 1 - step);
      spread = { data, places };
    }
    return spread.places;
  }

  /**
   * Rows of at most `most` trials, of those in `mask` if given, worst first, the best among them.
   * A trial that was taken stays taken while others join or leave the mask, as far as there is room:
   * in the frames of a drag lines come and go only at the edge of the brush.
   */
  ht.sampled = function (most, mask) {
    const { data } = ht.state;
    const { order, n } = data;
    const has = (place) => !mask || mask[order[place]];
    const places = placesOf(data);
    const taken = new Uint32Array(Math.min(most, n));
    let count = 0;
    for (let i = 0; i < n && count < taken.length; i++) if (has(places[i])) taken[count++] = places[i];
    const found = taken.subarray(0, count).sort();
    let best = n - 1;
    while (best >= 0 && !has(best)) best -= 1;
    if (count) found[count - 1] = best;
    return found.map((place) => order[place]);
  };
})();
