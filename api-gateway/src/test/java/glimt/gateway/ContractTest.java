package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.Format;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.SamplingOptions;
import glimt.model.Kind;
import glimt.outside.Outside;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Compares the contract with what the gateway does. */
@ExtendWith(RealFarm.Given.class)
class ContractTest {
  private static final Set<String> METHODS =
      Set.of("get", "head", "post", "put", "delete", "patch");

  private final RealFarm farm;
  private final JsonNode contract;

  ContractTest(RealFarm farm) {
    this.farm = farm;
    this.contract = farm.contract().tree();
  }

  @Test
  void every_operation_of_the_contract_is_a_route_and_every_route_is_in_it() {
    List<String> written = new ArrayList<>();
    contract
        .get("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation -> {
                          if (METHODS.contains(operation.getKey())) {
                            written.add(
                                "%s %s %s"
                                    .formatted(
                                        operation.getValue().get("operationId").textValue(),
                                        operation.getKey().toUpperCase(Locale.ROOT),
                                        path.getKey()));
                          }
                        }));
    List<String> routed =
        farm.gateway.operations().stream()
            .map(route -> "%s %s %s".formatted(route.id(), route.method(), route.path()))
            .toList();
    assertThat(routed).containsExactlyInAnyOrderElementsOf(written);
  }

  @Test
  void it_is_a_valid_contract() {
    assertThat(farm.contract().operations()).hasSameSizeAs(farm.gateway.operations());
  }

  @Test
  void a_linter_finds_no_error_in_it_and_types_made_of_it_compile(@TempDir Path folder)
      throws Exception {
    Outside.npm(
        folder, "@redocly/cli@2.77.0 openapi-typescript@7.13.0 typescript@5.9.3", "contract.mjs");
    Outside.script(folder, _ -> {}, "contract.mjs", farm.uri.toString());
  }

  @Test
  void its_limits_are_the_domains() {
    JsonNode schemas = contract.at("/components/schemas");
    assertThat(schemas.at("/Prompt/maxLength").intValue()).isEqualTo(JobSpec.PROMPT_LIMIT);
    assertThat(schemas.at("/Seed/maximum").longValue()).isEqualTo(SamplingOptions.SEED_LIMIT);
    assertThat(schemas.at("/Steps/oneOf/1/maximum").intValue())
        .isEqualTo(SamplingOptions.STEPS_LIMIT);
    assertThat(schemas.at("/Guidance/maximum").doubleValue())
        .isEqualTo(SamplingOptions.GUIDANCE_LIMIT);
    JsonNode request = schemas.at("/JobRequest/properties");
    assertThat(request.at("/frames/maximum").intValue()).isEqualTo(JobRequest.FRAMES_LIMIT);
    assertThat(request.at("/size/maximum").intValue()).isEqualTo(JobRequest.SIZE_LIMIT);
    assertThat(request.at("/points/maximum").intValue()).isEqualTo(JobRequest.POINTS_LIMIT);
    assertThat(words(schemas.at("/Kind/enum"))).isEqualTo(spelt(Kind.values()));
    assertThat(words(schemas.at("/State/enum"))).isEqualTo(spelt(JobState.values()));
    assertThat(words(schemas.at("/Format/enum")))
        .isEqualTo(Arrays.stream(Format.values()).map(Format::ending).toList());
    assertThat(contract.at("/paths/~1v1~1jobs/get/parameters/0/schema/maximum").intValue())
        .isEqualTo(JobRoutes.LIST_LIMIT);
  }

  @Test
  void the_fields_that_a_request_may_have_are_the_contracts() {
    HttpResponse<String> answer = farm.post("/v1/jobs", "{\"prompt\":\"a tree\",\"frobs\":1}");
    List<String> names = new ArrayList<>();
    contract
        .at("/components/schemas/JobRequest/properties")
        .fieldNames()
        .forEachRemaining(names::add);
    Collections.sort(names);
    assertThat(RealFarm.json(answer).get("detail").textValue()).endsWith(names.toString());
  }

  private static List<String> spelt(Enum<?>[] words) {
    return Arrays.stream(words).map(JobDocument::word).toList();
  }

  private static List<String> words(JsonNode list) {
    List<String> words = new ArrayList<>();
    list.forEach(word -> words.add(word.textValue()));
    return words;
  }
}
