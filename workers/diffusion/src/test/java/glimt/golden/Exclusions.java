package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Where a reference differs from the literature by a quirk, or is compared only in part: the case
 * is left out, and the library grows no branch for it.
 */
record Exclusions(String reason, Predicate<JsonNode> applies) {

  static Optional<String> reason(JsonNode json) {
    return ALL.stream().filter(e -> e.applies().test(json)).map(Exclusions::reason).findFirst();
  }

  private static String scheduler(JsonNode json) {
    return json.path("config").path("scheduler").asText();
  }

  private static JsonNode scheme(JsonNode json) {
    JsonNode full = json.path("config").path("scheduler_config_full");
    return full.isMissingNode() ? json.path("config").path("scheduler_config") : full;
  }

  private static boolean endsTwice(JsonNode json) {
    JsonNode scheme = scheme(json);
    boolean karras =
        scheme.path("use_karras_sigmas").asBoolean()
            && scheme.path("final_sigmas_type").asText().equals("sigma_min");
    boolean chain =
        scheme.has("set_alpha_to_one")
            && !scheme.path("set_alpha_to_one").asBoolean()
            && scheme.path("steps_offset").asInt() == 0
            && json.has("events");
    return karras || chain;
  }

  private static final List<Exclusions> ALL =
      List.of(
          new Exclusions(
              "diffusers' DDIM steps by N//n whatever the spacing, so unless that is 'leading' a"
                  + " step does not arrive where the next begins",
              json ->
                  scheduler(json).contains("DDIM")
                      && json.has("events")
                      && !scheme(json).path("timestep_spacing").asText().equals("leading")),
          new Exclusions(
              "diffusers' DDIM keeps the noise of the unclipped x0, against x = x0 + sigma n;"
                  + " OpenAI's recomputes it, as we do",
              json ->
                  scheduler(json).equals("DDIMScheduler")
                      && json.has("events")
                      && (scheme(json).path("clip_sample").asBoolean()
                          || scheme(json).path("thresholding").asBoolean())
                      && !json.path("config")
                          .path("step")
                          .path("use_clipped_model_output")
                          .asBoolean()),
          new Exclusions(
              "diffusers' Euler asks the network before it adds churn; Karras et al. 2022,"
                  + " Algorithm 2, adds first",
              json -> json.path("config").path("step").path("s_churn").asDouble() > 0),
          new Exclusions(
              "the reference's last step goes from a level to itself: Karras levels with final"
                  + " sigma_min, or a chain walked to level 0 and then to level 0",
              Exclusions::endsTwice),
          new Exclusions(
              "diffusers' DDPM adds noise in its last step unless that starts at t = 0; Ho et al."
                  + " 2020, Algorithm 2, adds none",
              json ->
                  scheduler(json).equals("DDPMScheduler")
                      && json.has("events")
                      && (scheme(json).path("timestep_spacing").asText().equals("trailing")
                          || scheme(json).path("steps_offset").asInt() > 0)),
          new Exclusions(
              "levels at quantiles of a beta law are no schedule of this library",
              json -> scheme(json).path("use_beta_sigmas").asBoolean()),
          new Exclusions(
              "guided-diffusion's p_sample shifts the mean by the variance times the gradient"
                  + " (Dhariwal and Nichol 2021, Algorithm 1), at t = 0 by the variance of t = 1;"
                  + " we guide the score, as its Algorithm 2 does",
              json ->
                  json.path("config").has("cond_fn")
                      && json.path("config").path("method").asText().equals("p_sample_loop")),
          new Exclusions(
              "diffusers' third-order singlestep takes its second stage by the midpoint rule; Lu et"
                  + " al. 2022a, Algorithm 2, by phi_2",
              json ->
                  scheduler(json).equals("DPMSolverSinglestepScheduler")
                      && scheme(json).path("solver_order").asInt() == 3));
}
