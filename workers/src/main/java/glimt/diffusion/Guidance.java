package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;

/** How a conditional and an unconditional answer, each [B, ...], become one. */
@FunctionalInterface
public interface Guidance {

  NDArray guide(NDArray conditional, NDArray unconditional);

  /**
   * Classifier-free guidance (Ho and Salimans 2022, eq. 6, with their 1 + w written w): D_0 + w (D_c -
   * D_0). At w = 1 it is the conditional; ask for that alone and save half the network's work.
   */
  static Guidance scale(double w) {
    if (!Double.isFinite(w)) {
      throw new IllegalArgumentException("guidance must be finite, not " + w);
    }
    return (conditional, unconditional) ->
        unconditional.add(conditional.sub(unconditional).mul(w));
  }

  /**
   * Guides the answers of one network asked once for both.
   *
   * @param both answers [2B, ...] to an input [2B, ...] whose first B rows are to be taken as
   *     conditional and the others as unconditional
   * @return answers [B, ...] to an input [B, ...]
   */
  default Prediction batched(Prediction both) {
    return (input, noise) -> {
      NDList halves = both.predict(NDArrays.concat(new NDList(input, input)), noise).split(2);
      return guide(halves.get(0), halves.get(1));
    };
  }
}
