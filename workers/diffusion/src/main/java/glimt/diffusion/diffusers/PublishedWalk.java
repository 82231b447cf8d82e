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
 * A published scheduler configuration, understood.
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
   * Reads a configuration. PublishedSettings that are left out have their published defaults.
   *
   * @param config its entries: numbers, booleans, texts, lists of numbers, or null; an infinite
   *     number may be a text; {@code _class_name} names the class, {@code _diffusers_version} the
   *     release whose arithmetic is meant where releases differ, and other entries that begin with
   *     an underscore say nothing
   * @throws UnknownSettingException naming the class, key or value that is not known
   */
  public static PublishedWalk of(Map<String, ?> config) {
    if (!(config.get("_class_name") instanceof String className)) {
      throw new UnknownSettingException("a scheduler configuration without '_class_name'");
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
          case EULER, EULER_ANCESTRAL, HEUN, KDPM2, KDPM2_ANCESTRAL, LMS ->
              LevelWalks.of(kind, settings);
          case DPM_MULTISTEP, DPM_SINGLESTEP, UNIPC, DEIS, SA_SOLVER ->
              SolverWalks.of(kind, settings);
          case EDM_EULER, EDM_DPM -> EdmWalks.of(kind, settings);
          case FLOW_EULER, FLOW_HEUN, FLOW_LCM -> FlowWalks.of(kind, settings);
          case CONSISTENCY -> ConsistencyWalk.of(settings);
        };
    settings.close();
    return new PublishedWalk(kind, className, plan, ignored);
  }

  /** The class names that are known. */
  public static List<String> classNames() {
    return List.of(PublishedClass.values()).stream()
        .flatMap(kind -> kind.names().stream())
        .sorted()
        .toList();
  }

  public String className() {
    return className;
  }

  /** Keys of other classes that this class ignores, as diffusers does: worth a line at import. */
  public Set<String> ignored() {
    return Set.copyOf(ignored);
  }

  /** The chain the network was trained on, where it was trained on one. */
  public Optional<Chain> chain() {
    return plan.trainedOn();
  }

  /**
   * A walk of n steps.
   *
   * @throws IllegalArgumentException when these settings have no walk of so many steps
   */
  public WalkRecipe walk(int steps) {
    return walk(Map.of("num_inference_steps", steps));
  }

  /**
   * A walk as it is asked for, in the field's words: {@code num_inference_steps}, or {@code
   * timesteps} or {@code sigmas} one by one; {@code mu}, or {@code image_seq_len} from which it
   * follows, where the shift is dynamic; {@code strength} and {@code original_inference_steps} of a
   * distilled model; {@code eta}, {@code use_clipped_model_output}, {@code s_churn}, {@code
   * s_tmin}, {@code s_tmax}, {@code s_noise}, {@code order}.
   *
   * @throws UnknownSettingException naming a key or value that the class does not know
   */
  public WalkRecipe walk(Map<String, ?> asked) {
    PublishedSettings settings =
        new PublishedSettings("a walk of class " + className, kind.asked(), asked);
    WalkRecipe walk = plan.walk(settings);
    settings.close();
    return walk;
  }
}
