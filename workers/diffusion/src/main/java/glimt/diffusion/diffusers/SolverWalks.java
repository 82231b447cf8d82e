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
 * Walks of exponential integrators: multistep and singlestep DPM-Solver, UniPC, DEIS and SA-Solver.
 *
 * @param levels the noise levels
 * @param prediction the quantity that the network predicts
 * @param clipping the clipping of predictions of x0
 * @param variance whether the network also predicts a variance, which these solvers ignore
 * @param noise whether the solver expands the noise instead of the data
 * @param solver the solver
 */
record SolverWalks(
    SolverLevels levels,
    PredictionType prediction,
    Clipping clipping,
    boolean variance,
    boolean noise,
    Solver solver)
    implements WalkFamily {

  /** Builds the sampler of a walk. */
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
    boolean noise = noise(kind, settings);
    if (noise && prediction == PredictionType.FLOW_PREDICTION) {
      throw settings.refused("prediction_type", "by a solver that expands the noise");
    }
    if (kind == PublishedClass.UNIPC && noise) {
      clipping = new Clipping.None(); // as published: thresholding is for predictions of x0 only
    }
    return new SolverWalks(levels, prediction, clipping, variance(settings), noise, solver);
  }

  private static boolean noise(PublishedClass kind, PublishedSettings settings) {
    return switch (kind) {
      case UNIPC -> !settings.flag("predict_x0");
      case SA_SOLVER -> settings.text("algorithm_type").equals("noise_prediction");
      case DEIS -> false; // it asks for x0 first
      default -> !Multisteps.algorithm(settings).endsWith("++");
    };
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
  public SolverWalks inSinglePrecision() {
    return new SolverWalks(
        levels.inSinglePrecision(), prediction, clipping, variance, noise, solver);
  }

  @Override
  public WalkRecipe walk(PublishedSettings asked) {
    NamedLevels grid = levels.grid(asked);
    NoiseSchedule schedule = grid.levels();
    Frame frame = levels.flow() ? Frame.FLOW : Frame.VARIANCE_PRESERVING;
    Preconditioning terms =
        noise && levels.flow() && prediction == PredictionType.V_PREDICTION
            ? Frame.noiseOfVelocity(grid.naming())
            : frame.terms(prediction, grid.naming());
    return new WalkRecipe(
        schedule,
        grid.times(),
        frame,
        1,
        solver.of(grid),
        network -> clipping.keeping(terms.denoiser(variance ? first(network) : network)));
  }

  /** A network without the second half of its output channels, which is the variance. */
  private static Prediction first(Prediction network) {
    return (input, noise) -> {
      NDArray both = network.predict(input, noise);
      return both.get(":, :" + input.getShape().get(1));
    };
  }
}
