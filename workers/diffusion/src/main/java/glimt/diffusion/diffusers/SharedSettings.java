package glimt.diffusion.diffusers;

import glimt.diffusion.Betas;
import glimt.diffusion.Clipping;
import glimt.diffusion.PredictionType;
import glimt.diffusion.Ramp;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads settings that several classes share. */
final class SharedSettings {
  private SharedSettings() {}

  private static final Map<String, Betas.Curve> CURVES =
      Map.of(
          "linear", Betas.Curve.LINEAR,
          "scaled_linear", Betas.Curve.SCALED_LINEAR,
          "squaredcos_cap_v2", Betas.Curve.SQUAREDCOS_CAP_V2,
          "sigmoid", Betas.Curve.SIGMOID,
          "laplace", Betas.Curve.LAPLACE,
          "exp", Betas.Curve.EXP);

  /** The chain. Some curves are supported by one class only. */
  static Betas betas(PublishedClass kind, PublishedSettings settings) {
    List<Double> listed =
        settings.has("trained_betas")
            ? Arrays.stream(settings.numbers("trained_betas")).boxed().toList()
            : List.of();
    Betas.Curve curve = listed.isEmpty() ? curve(kind, settings) : Betas.Curve.LISTED;
    settings.indifferent("beta_schedule"); // where betas are listed, as published
    int length = settings.integer("num_train_timesteps");
    if (!listed.isEmpty() && listed.size() != length) {
      throw settings.refused(
          "num_train_timesteps", "together with trained_betas of another length");
    }
    return new Betas(
        curve,
        length,
        settings.number("beta_start"),
        settings.number("beta_end"),
        listed,
        settings.knows("snr_shift_scale") ? settings.number("snr_shift_scale") : 1,
        settings.flagIfKnown("rescale_betas_zero_snr"),
        false);
  }

  private static Betas.Curve curve(PublishedClass kind, PublishedSettings settings) {
    Betas.Curve curve = CURVES.get(settings.text("beta_schedule"));
    if (curve == null) {
      throw settings.refused("beta_schedule");
    }
    boolean known =
        switch (curve) {
          case SIGMOID, LAPLACE -> kind == PublishedClass.DDPM;
          case EXP -> kind == PublishedClass.HEUN;
          default -> true;
        };
    if (!known) {
      throw settings.refused("beta_schedule");
    }
    return curve;
  }

  /** The prediction type, which must be one that the class supports. */
  static PredictionType prediction(PublishedSettings settings, PredictionType... known) {
    String text = settings.text("prediction_type");
    return Arrays.stream(known)
        .filter(type -> type.name().toLowerCase(Locale.ROOT).equals(text))
        .findFirst()
        .orElseThrow(() -> settings.refused("prediction_type"));
  }

  /** The clipping of predictions; dynamic thresholding takes precedence over clamping. */
  static Clipping clipping(PublishedSettings settings) {
    Clipping dynamic = new Clipping.None();
    if (settings.knows("thresholding")) {
      double quantile = settings.number("dynamic_thresholding_ratio");
      double most = settings.number("sample_max_value");
      if (settings.flag("thresholding")) {
        dynamic = new Clipping.DynamicClipping(quantile, most);
      }
    }
    Clipping clamp = new Clipping.None();
    if (settings.knows("clip_sample")) {
      double range = settings.number("clip_sample_range");
      if (settings.flag("clip_sample")) {
        clamp = new Clipping.StaticClipping(range);
      }
    }
    return dynamic.none() ? clamp : dynamic;
  }

  /** The selected ramp, or null. */
  static @Nullable Ramp ramp(PublishedSettings settings) {
    if (!settings.knows("use_karras_sigmas")) {
      return null;
    }
    boolean karras = settings.flag("use_karras_sigmas");
    boolean exponential = settings.flag("use_exponential_sigmas");
    boolean beta = settings.flag("use_beta_sigmas");
    if ((karras && exponential) || (karras && beta)) {
      throw settings.refused("use_karras_sigmas", "together with another ramp");
    }
    if (exponential && beta) {
      throw settings.refused("use_exponential_sigmas", "together with another ramp");
    }
    return karras ? Ramp.KARRAS : exponential ? Ramp.EXPONENTIAL : beta ? Ramp.BETA : null;
  }

  /** An optional number, or null. */
  static @Nullable Double optional(PublishedSettings settings, String key) {
    return settings.knows(key) && settings.has(key) ? Double.valueOf(settings.number(key)) : null;
  }

  /** The number of steps, which must be positive. */
  static int steps(PublishedSettings asked) {
    int steps = asked.integer("num_inference_steps");
    if (steps < 1) {
      throw asked.refused("num_inference_steps");
    }
    return steps;
  }

  /**
   * A list of times or levels, or null.
   *
   * @throws UnknownSettingException if the list is empty
   */
  static double @Nullable [] listed(PublishedSettings asked, String key) {
    if (!asked.knows(key) || !asked.has(key)) {
      return null;
    }
    double[] values = asked.numbers(key);
    if (values.length == 0) {
      throw asked.refused(key);
    }
    return values;
  }

  static double[] wide(int[] times) {
    return Arrays.stream(times).asDoubleStream().toArray();
  }

  static List<Double> list(double[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
