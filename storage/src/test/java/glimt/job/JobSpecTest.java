package glimt.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.model.Kind;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobSpecTest {
  @ParameterizedTest
  @ValueSource(strings = {"a\0b", "a\u0007b", "\u001b[31m", "\ud83d", "b\udc33"})
  void a_prompt_that_is_no_text_is_refused(String prompt) {
    refused("prompt", () -> cloud(prompt, Format.GLB));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a whale", "🐳", "två\nrader", "'; DROP TABLE job; --", "${jndi:x}"})
  void any_text_is_a_prompt(String prompt) {
    assertThat(cloud(prompt, Format.GLB).prompt()).isEqualTo(prompt);
  }

  @Test
  void a_prompt_has_at_most_a_thousand_characters() {
    assertThat(cloud("x".repeat(1000), Format.GLB).prompt()).hasSize(1000);
    refused("prompt", () -> cloud("x".repeat(1001), Format.GLB));
  }

  @ParameterizedTest
  @EnumSource
  void a_format_belongs_to_one_kind_and_is_found_by_its_ending(Format format) {
    assertThat(Format.ofEnding(format.ending())).isEqualTo(format);
    assertThat(Format.of(format.kind())).contains(format);
    if (format.kind() == Kind.POINTS) {
      assertThat(cloud("x", format).kind()).isEqualTo(Kind.POINTS);
    } else {
      refused("format", () -> cloud("x", format));
    }
  }

  @Test
  void an_unknown_ending_is_refused_with_those_that_are_known() {
    assertThat(Format.ofEnding("MP4")).isEqualTo(Format.MP4);
    assertThatThrownBy(() -> Format.ofEnding("avi"))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("mp4");
  }

  @ParameterizedTest
  @CsvSource({
    "seed, -1, , ",
    "seed, 9007199254740992, , ",
    "steps, 0, 0, ",
    "steps, 0, 1001, ",
    "guidance, 0, , -0.1",
    "guidance, 0, , 20.1",
    "guidance, 0, , NaN",
    "guidance, 0, , Infinity",
  })
  void a_wish_out_of_range_is_refused_by_name(
      String field, long seed, @Nullable Integer steps, @Nullable Double guidance) {
    refused(field, () -> new SamplingOptions(seed, steps, guidance, null, null));
  }

  @Test
  void the_ends_of_the_ranges_are_wishes() {
    assertThat(new SamplingOptions(SamplingOptions.SEED_LIMIT, 1000, 20.0, null, null).steps())
        .isEqualTo(1000);
    assertThat(new SamplingOptions(0, 1, 0.0, null, null).guidance()).isZero();
  }

  private static void refused(String field, Runnable making) {
    assertThatThrownBy(making::run)
        .isInstanceOfSatisfying(InvalidSpec.class, e -> assertThat(e.field()).isEqualTo(field));
  }

  private static JobSpec cloud(String prompt, Format format) {
    return new JobSpec(
        Kind.POINTS,
        prompt,
        "objects",
        new SamplingOptions(0, null, null, null, null),
        Map.of(),
        format);
  }
}
