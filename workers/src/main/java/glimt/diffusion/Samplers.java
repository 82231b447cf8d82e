package glimt.diffusion;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The samplers by the names users know. */
public final class Samplers {
  private Samplers() {}

  private static final Map<String, Supplier<Sampler>> NAMED = new LinkedHashMap<>();

  static {
    NAMED.put("euler", RungeKutta::euler);
    NAMED.put("heun", RungeKutta::heun);
    NAMED.put("dpmpp_2m", DpmSolver::dpmpp2m);
    NAMED.put("ddim", () -> Ancestral.ddim(0));
  }

  /** All names, in the order in which they are shown. */
  public static List<String> names() {
    return List.copyOf(NAMED.keySet());
  }

  /**
   * The sampler of this name with its usual settings.
   *
   * @throws IllegalArgumentException for an unknown name, listing the known ones
   */
  public static Sampler named(String name) {
    Supplier<Sampler> sampler = NAMED.get(name);
    if (sampler == null) {
      throw new IllegalArgumentException(
          "there is no sampler '%s'; there are %s".formatted(name, String.join(", ", names())));
    }
    return sampler.get();
  }
}
