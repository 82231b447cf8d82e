package glimt.model;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Which noise levels a trajectory of n steps visits, from pure noise to none. */
public sealed interface Schedule {
  /** Equal steps in sigma^(1/rho) (Karras et al. 2022, eq. 5). */
  record Karras(double sigmaMin, double sigmaMax, double rho) implements Schedule {
    public Karras {
      between(sigmaMin, sigmaMax);
      if (!(rho > 0)) {
        throw new IllegalArgumentException("rho must be positive, not " + rho);
      }
    }
  }

  /** Equal steps in log sigma. */
  record Exponential(double sigmaMin, double sigmaMax) implements Schedule {
    public Exponential {
      between(sigmaMin, sigmaMax);
    }
  }

  /** Quantiles of the Beta(0.6, 0.6) distribution (Lee et al. 2024). */
  record Beta(double sigmaMin, double sigmaMax) implements Schedule {
    public Beta {
      between(sigmaMin, sigmaMax);
    }
  }

  /**
   * A subset of the levels of a chain of discrete steps (Ho et al. 2020). The network receives a
   * level's number in the chain.
   *
   * @param curve how the variances of the chain's steps change from the first to the last
   * @param length how many levels the network was trained on
   * @param first variance of the first step; unused by curves without end points
   * @param last variance of the last step; unused by curves without end points
   * @param zeroTerminalSnr whether the chain is rescaled to end without signal (Lin et al. 2023)
   * @param spacing which of the levels are visited
   * @param offset added to every visited level's number, for {@link StepSpacing#LEADING}
   * @param ramp how levels are spread between the chain's ends, in place of {@code spacing}; or
   *     null
   */
  record Discrete(
      BetaCurve curve,
      int length,
      double first,
      double last,
      boolean zeroTerminalSnr,
      StepSpacing spacing,
      int offset,
      @Nullable LevelRamp ramp)
      implements Schedule {
    public Discrete {
      if (length < 1 || offset < 0) {
        throw new IllegalArgumentException(
            "a chain needs at least one level and an offset of 0 or more, not %s and %s"
                .formatted(length, offset));
      }
    }
  }

  /**
   * Equal steps in the time of a flow, shifted towards the noise: t' = shift t / (1 + (shift - 1)
   * t) (Esser et al. 2024, eq. 23).
   *
   * @param shift above 0; 1 leaves the times as they are
   * @param length the number that the network receives for time 1, such as 1000
   */
  record Flow(double shift, double length) implements Schedule {
    public Flow {
      if (!(shift > 0) || !(length > 0)) {
        throw new IllegalArgumentException(
            "a flow needs a shift and a length above 0, not %s and %s".formatted(shift, length));
      }
    }
  }

  /** An explicit list of levels, descending; n + 1 levels make n steps. */
  record Listed(List<Double> sigmas) implements Schedule {
    public Listed {
      sigmas = List.copyOf(sigmas);
      if (sigmas.size() < 2) {
        throw new IllegalArgumentException("listed levels need at least one step");
      }
    }
  }

  /**
   * As a published scheduler configuration says: it gives the levels of n steps, what the network
   * is told at each, how its answers are read, and how the sample is stepped.
   *
   * <p>With the sampler {@link Sampling#PUBLISHED} a walk is the published one, step for step. With
   * another sampler it visits the same levels, and the network is told and understood alike.
   *
   * @param settings the entries of a {@code scheduler_config.json}: numbers, booleans, texts, lists
   *     of them, or null; {@code _class_name} names the class, and an infinite number is a text
   * @param times the times of a flow that the pipeline gives its scheduler, which shifts them; null
   *     if the scheduler has its own
   * @param tokens how many positions the network sees at once, on which the shift may depend; null
   *     until that is known
   * @param listed the timesteps that whoever distilled the network tells it, a step each, in place
   *     of the scheduler's; null if it has its own
   */
  record Published(
      Map<String, @Nullable Object> settings,
      @Nullable FlowTimes times,
      @Nullable Integer tokens,
      @Nullable List<Double> listed)
      implements Schedule {
    /** The setting that names the class. */
    private static final String CLASS = "_class_name";

    /** A schedule whose scheduler has its own times. */
    public Published(Map<String, @Nullable Object> settings) {
      this(settings, null, null);
    }

    /** A schedule without listed timesteps. */
    public Published(
        Map<String, @Nullable Object> settings,
        @Nullable FlowTimes times,
        @Nullable Integer tokens) {
      this(settings, times, tokens, null);
    }

    public Published {
      settings = Collections.unmodifiableMap(new TreeMap<>(settings));
      listed = listed == null ? null : List.copyOf(listed);
      if (listed != null && (listed.isEmpty() || times != null)) {
        throw new IllegalArgumentException("timesteps are listed, or made by a rule");
      }
      if (!(settings.get(CLASS) instanceof String)) {
        throw new IllegalArgumentException("a published schedule names its class: " + CLASS);
      }
    }

    /** This schedule for a network that sees so many positions at once. */
    public Published over(int positions) {
      return new Published(settings, times, positions, listed);
    }

    /** This schedule with these timesteps in place of the scheduler's. */
    public Published listing(List<Double> timesteps) {
      return new Published(settings, null, tokens, timesteps);
    }
  }

  /** The times of a flow's n steps before they are shifted, from 1, all noise, towards 0. */
  enum FlowTimes {
    /** In equal steps to 1/n. */
    LINEAR,
    /**
     * In small equal steps down to 0.975, half of them, and then in ever larger ones (Polyak et al.
     * 2024, Movie Gen, arXiv:2410.13720, section 3.4.2).
     */
    LINEAR_QUADRATIC;

    /** The times of n steps. */
    public List<Double> of(int n) {
      return switch (this) {
        case LINEAR ->
            IntStream.range(0, n)
                .mapToObj(i -> n == 1 ? 1.0 : 1 + (1.0 / n - 1) * i / (n - 1))
                .toList();
        case LINEAR_QUADRATIC -> IntStream.range(0, n).mapToObj(i -> 1 - cleaned(i, n)).toList();
      };
    }

    /** How much of the noise is gone before step i: linear in i, then a parabola that ends at 1. */
    private static double cleaned(int i, int n) {
      double slow = 0.025;
      int linear = n / 2;
      if (i < linear) {
        return slow * i / linear;
      }
      if (linear == 0) {
        return 0;
      }
      int rest = n - linear;
      double curve = (linear - slow * n) / ((double) linear * rest * rest);
      double slope = slow / linear - 2 * (linear - slow * n) / ((double) rest * rest);
      return curve * i * i + slope * i + curve * linear * linear;
    }
  }

  /** The curves of variances that the field uses, by their names there. */
  enum BetaCurve {
    LINEAR,
    SCALED_LINEAR,
    SQUAREDCOS_CAP_V2,
    SIGMOID,
    LAPLACE,
    EXP
  }

  /** How a chain's levels are subsampled, named as in the diffusers library. */
  enum StepSpacing {
    LEADING,
    TRAILING,
    LINSPACE
  }

  /** How levels are spread between the ends of a chain. */
  enum LevelRamp {
    KARRAS,
    EXPONENTIAL,
    BETA
  }

  private static void between(double sigmaMin, double sigmaMax) {
    if (!(sigmaMin > 0) || !(sigmaMax > sigmaMin) || Double.isInfinite(sigmaMax)) {
      throw new IllegalArgumentException(
          "levels need 0 < sigmaMin < sigmaMax, not %s and %s".formatted(sigmaMin, sigmaMax));
    }
  }
}
