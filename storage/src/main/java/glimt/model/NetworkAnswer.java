package glimt.model;

/** What a denoising network was trained to predict. */
public enum NetworkAnswer {
  /** F of EDM's scalings, given ln(sigma) / 4 (Karras et al. 2022, Table 1, "Ours"). */
  EDM,
  /** The noise (Ho et al. 2020). */
  EPSILON,
  /** The clean sample itself. */
  SAMPLE,
  /** v = a eps - s x0 (Salimans and Ho 2022, section 4). */
  V,
  /** The velocity of a flow, noise - x0 (Lipman et al. 2022; Liu et al. 2022). */
  FLOW,
  /** The end of the trajectory in one step (Song et al. 2023, eq. 5), in EDM's scalings. */
  CONSISTENCY
}
