package glimt.diffusion.diffusers;

import glimt.diffusion.Chain;
import glimt.diffusion.WalkRecipe;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A published scheduler configuration of diffusers, or the settings of Point-E's sampler.
 *
 * <pre>{@code
 * PublishedWalk published = PublishedWalk.of(config);   // a scheduler_config.json as a map
 * WalkRecipe walk = published.walk(30);
 * }</pre>
 */
public final class PublishedWalk {
  private static final String RELEASE = "_diffusers_version";

  private final PublishedClass kind;
  private final String className;
  private final WalkFamily plan;
  private final Set<String> ignored;

  private PublishedWalk(
      PublishedClass kind, String className, WalkFamily plan, Set<String> ignored) {
    this.kind = kind;
    this.className = className;
    this.plan = plan;
    this.ignored = ignored;
  }

  /**
   * Reads a configuration. Missing settings have their published defaults.
   *
   * @param config its entries: numbers, booleans, texts, lists of numbers, or null; an infinite
   *     number may be a text; {@code _class_name} names the class, {@code _diffusers_version} the
   *     release whose arithmetic is meant where releases differ, and other entries that begin with
   *     an underscore say nothing
   * @throws UnknownSettingException naming the class, key or value that is not known
   */
  public static PublishedWalk of(Map<String, ?> config) {
    if (!(config.get("_class_name") instanceof String className)) {
      throw new UnknownSettingException(
          "the scheduler configuration has no '_class_name'; use a complete scheduler_config.json");
    }
    PublishedClass kind = PublishedClass.of(className);
    Set<String> every = PublishedClass.everySetting();
    Set<String> ignored = new TreeSet<>();
    Map<String, Object> own = new LinkedHashMap<>();
    config.forEach(
        (key, value) -> {
          if (key.startsWith("_")) {
            return;
          }
          if (kind.settings().containsKey(key) || !every.contains(key)) {
            own.put(key, value);
          } else {
            ignored.add(key);
          }
        });
    PublishedSettings settings =
        new PublishedSettings(
            "class " + className,
            kind.settings(),
            own,
            config.get(RELEASE) instanceof String release ? release : "");
    WalkFamily plan =
        switch (kind) {
          case DDIM, COGVIDEOX_DDIM, DDIM_INVERSE, DDPM, PNDM -> ChainWalks.of(kind, settings);
          case LCM, TCD -> DistilledWalks.of(kind, settings);
          case IPNDM -> IpndmWalk.of(settings);
          case EULER, EULER_ANCESTRAL, HEUN, KDPM2, KDPM2_ANCESTRAL, DPM_SDE, LMS ->
              LevelWalks.of(kind, settings);
          case DPM_MULTISTEP, DPM_SINGLESTEP, UNIPC, DEIS, SA_SOLVER ->
              SolverWalks.of(kind, settings);
          case EDM_EULER, EDM_DPM -> EdmWalks.of(kind, settings);
          case FLOW_EULER, FLOW_HEUN, FLOW_LCM -> FlowWalks.of(kind, settings);
          case CONSISTENCY -> ConsistencyWalk.of(settings);
          case POINT_CLOUD -> PointCloudWalk.of(settings);
        };
    settings.close();
    return new PublishedWalk(kind, className, plan, ignored);
  }

  /**
   * The walk as diffusers computes it in 32 bits: chains that begin with little noise lose digits
   * of it, and times of a flow are the very numbers that a network hears there.
   */
  public PublishedWalk inSinglePrecision() {
    return new PublishedWalk(kind, className, plan.inSinglePrecision(), ignored);
  }

  /** The names of all supported classes. */
  public static List<String> classNames() {
    return List.of(PublishedClass.values()).stream()
        .flatMap(kind -> kind.names().stream())
        .sorted()
        .toList();
  }

  /** The class name of this configuration. */
  public String className() {
    return className;
  }

  /**
   * The keys in the configuration that only other classes have, which this class ignores, as
   * diffusers does. An import should report them.
   */
  public Set<String> ignored() {
    return Set.copyOf(ignored);
  }

  /** The chain that the network was trained on, if it was trained on one. */
  public Optional<Chain> chain() {
    return plan.trainedOn();
  }

  /**
   * A walk of a number of steps.
   *
   * @throws IllegalArgumentException if the settings do not allow this number of steps
   */
  public WalkRecipe walk(int steps) {
    return walk(Map.of("num_inference_steps", steps));
  }

  /**
   * A walk with the parameters of diffusers: {@code num_inference_steps}, or lists of {@code
   * timesteps} or {@code sigmas}; {@code mu}, or {@code image_seq_len} from which it is computed,
   * with dynamic shifting; {@code strength} and {@code original_inference_steps} of distilled
   * models; {@code eta}, {@code use_clipped_model_output}, {@code s_churn}, {@code s_tmin}, {@code
   * s_tmax}, {@code s_noise}, {@code order}.
   *
   * @throws UnknownSettingException if the class does not support a key or value; the message names
   *     it
   */
  public WalkRecipe walk(Map<String, ?> asked) {
    PublishedSettings settings =
        new PublishedSettings("a walk of class " + className, kind.asked(), asked);
    WalkRecipe walk = plan.walk(settings);
    settings.close();
    return walk;
  }
}
