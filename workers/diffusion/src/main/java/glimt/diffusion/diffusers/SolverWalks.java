package glimt.diffusion.diffusers;

import ai.djl.ndarray.NDArray;
import glimt.diffusion.Chain;
import glimt.diffusion.Clipping;
import glimt.diffusion.Frame;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Prediction;
import glimt.diffusion.PredictionType;
import glimt.diffusion.Sampler;
import glimt.diffusion.WalkRecipe;
import java.util.Optional;

/**
 * Walks of exponential integrators: DPM-Solver in multisteps and single steps, UniPC, DEIS,
 * SA-Solver.
 *
 * @param levels where they go
 * @param prediction what the network answers
 * @param clipping of guesses
 * @param variance whether the network answers a variance too, which nobody uses
 * @param solver how they step
 */
record SolverWalks(
    SolverLevels levels,
    PredictionType prediction,
    Clipping clipping,
    boolean variance,
    Solver solver)
    implements WalkFamily {

  /** The sampler of a walk. */
  @FunctionalInterface
  interface Solver {
    Sampler of(NamedLevels grid);
  }

  static SolverWalks of(PublishedClass kind, PublishedSettings settings) {
    SolverLevels levels = SolverLevels.of(kind, settings);
    PredictionType prediction = SharedSettings.prediction(settings, PredictionType.values());
    if (prediction == PredictionType.FLOW_PREDICTION && !levels.flow()) {
      throw settings.refused("prediction_type", "without use_flow_sigmas");
    }
    Clipping clipping = SharedSettings.clipping(settings);
    Solver solver = Solvers.of(kind, settings, levels.ends());
    if (kind == PublishedClass.UNIPC && !settings.flag("predict_x0")) {
      if (prediction == PredictionType.FLOW_PREDICTION) {
        throw settings.refused("predict_x0", "beside prediction_type flow_prediction");
      }
      clipping = new Clipping.None(); // published so: thresholding is of guesses alone
    }
    return new SolverWalks(levels, prediction, clipping, variance(settings), solver);
  }

  private static boolean variance(PublishedSettings settings) {
    if (!settings.knows("variance_type") || !settings.has("variance_type")) {
      return false;
    }
    LevelWalks.oneOf(settings, "variance_type", "learned", "learned_range");
    return true;
  }

  @Override
  public Optional<Chain> trainedOn() {
    return Optional.of(levels.betas().finiteChain());
  }

  @Override
  public WalkRecipe walk(PublishedSettings asked) {
    NamedLevels grid = levels.grid(asked);
    NoiseSchedule schedule = grid.levels();
    Frame frame = levels.flow() ? Frame.FLOW : Frame.VARIANCE_PRESERVING;
    Preconditioning terms = frame.terms(prediction, grid.naming());
    return new WalkRecipe(
        schedule,
        grid.times(),
        frame,
        1,
        solver.of(grid),
        network -> clipping.keeping(terms.denoiser(variance ? first(network) : network)));
  }

  /** A network without the variance in its second half of channels. */
  private static Prediction first(Prediction network) {
    return (input, noise) -> {
      NDArray both = network.predict(input, noise);
      return both.get(":, :" + input.getShape().get(1));
    };
  }
}
