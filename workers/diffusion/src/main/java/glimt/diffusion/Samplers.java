package glimt.diffusion;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The samplers that can be selected by name.
 *
 * <p>Samplers that need more than a name are constructed directly: {@link PredictorCorrector} needs
 * an SDE and its times, {@link Likelihood#density} a probe, {@link Ancestral#inverse} rising levels
 * and {@link AdaptiveSinglestep} a tolerance for the model. Settings that depend on a trained chain
 * (levels between times of TCD and PNDM, {@link Sampler#landing}, time-dependent tau of SA-Solver,
 * groups of single steps) come from a published configuration, see {@link
 * glimt.diffusion.diffusers.PublishedWalk}.
 */
public final class Samplers {
  private Samplers() {}

  private static final Map<String, Supplier<Sampler>> NAMED = new LinkedHashMap<>();

  static {
    // Deterministic samplers, whose result depends only on the initial noise.
    NAMED.put("euler", RungeKutta::euler);
    NAMED.put("heun", RungeKutta::heun);
    NAMED.put("flow_heun", () -> RungeKutta.heun(Course.flow(), 1));
    NAMED.put("dpm_2", RungeKutta::dpm2);
    NAMED.put("ddim", () -> Ancestral.ddim(0));
    NAMED.put("lms", () -> Multistep.lms(4));
    NAMED.put("plms", Multistep::plms);
    NAMED.put("pndm", () -> Multistep.pndm((sigma, next) -> Math.sqrt(sigma * next)));
    NAMED.put("ipndm", Multistep::ipndm);
    NAMED.put("deis", () -> Multistep.deis(3));
    NAMED.put("dpm_fast", () -> Singlestep.of("dpm_fast", Singlestep.Expanded.NOISE, 3));
    NAMED.put("dpm_adaptive", () -> AdaptiveDpm.usual().sampler());
    NAMED.put("dpmpp_2s", Singlestep::dpmpp2s);
    NAMED.put("dpmpp_2m", DpmSolver::dpmpp2m);
    NAMED.put("dpmpp_3m", DpmSolver::dpmpp3m);
    NAMED.put("uni_pc", () -> UniPc.of(3, 3, UniPc.B.BH2));
    NAMED.put("uni_pc_bh1", () -> UniPc.of(3, 3, UniPc.B.BH1));
    // Stochastic samplers, which add noise in each step.
    NAMED.put("ddpm", () -> Ancestral.ddpm(Variance.small()));
    NAMED.put("euler_ancestral", () -> Ancestral.of(RungeKutta.euler(), 1, 1));
    NAMED.put("dpm_2_ancestral", () -> Ancestral.of(RungeKutta.dpm2(), 1, 1));
    NAMED.put("dpmpp_2s_ancestral", () -> Ancestral.of(Singlestep.dpmpp2s(), 1, 1));
    NAMED.put("dpmpp_sde", () -> Singlestep.dpmppSde(1));
    NAMED.put("dpmpp_2m_sde", DpmSolver::dpmpp2mSde);
    NAMED.put("dpmpp_3m_sde", DpmSolver::dpmpp3mSde);
    NAMED.put("sa_solver", () -> SaSolver.of(1, 2, 2));
    NAMED.put("edm", () -> new Churn(40, 0.05, 50, 1.003).before(RungeKutta.heun()));
    // Samplers for networks that were distilled to predict the end of the walk.
    NAMED.put("lcm", () -> Consistency.of(0));
    NAMED.put("tcd", () -> Consistency.tcd(0.3, sigma -> 0.7 * sigma));
  }

  /** All names in display order. */
  public static List<String> names() {
    return List.copyOf(NAMED.keySet());
  }

  /**
   * The sampler of this name with its default settings.
   *
   * @throws IllegalArgumentException for an unknown name; the message lists the known names
   */
  public static Sampler named(String name) {
    Supplier<Sampler> sampler = NAMED.get(name);
    if (sampler == null) {
      throw new IllegalArgumentException(
          "there is no sampler '%s'; the samplers are %s"
              .formatted(name, String.join(", ", names())));
    }
    return sampler.get();
  }
}
