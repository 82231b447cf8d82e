package glimt.training.clips;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.training.evaluation.Prompt;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests the held-out prompts of evaluations and the copies with which results are compared. */
class HeldOutTest {
  private final Grammar grammar = GivenScenes.grammar();
  private final Ladder ladder = new Ladder(GivenScenes.squares(grammar));

  @Test
  void a_prompt_is_held_out_and_says_all_that_is_measured() {
    for (Prompt<Scene> prompt : HeldOut.prompts(grammar, 100, 3)) {
      Scene scene = prompt.wanted();
      assertThat(grammar.heldOut(scene.subject(), scene.motion(), scene.colour())).isTrue();
      List<Integer> tokens = grammar.vocabulary().read(prompt.text()).tokens();
      List<String> words = grammar.vocabulary().words();
      assertThat(tokens)
          .contains(
              1 + words.indexOf(grammar.subjects().get(scene.subject()).word()),
              1 + words.indexOf(grammar.motions().get(scene.motion()).word()),
              1 + words.indexOf(grammar.colours().get(scene.colour()).word()));
    }
  }

  @Test
  void the_same_seed_asks_the_same() {
    assertThat(HeldOut.prompts(grammar, 9, 3)).isEqualTo(HeldOut.prompts(grammar, 9, 3));
    assertThat(HeldOut.prompts(grammar, 9, 3)).isNotEqualTo(HeldOut.prompts(grammar, 9, 4));
  }

  @Test
  void no_subject_comes_twice_before_each_has_come_once() {
    int subjects = grammar.subjects().size();
    List<Integer> asked =
        HeldOut.ofEverySubject(grammar, subjects + 3, 5).stream()
            .map(one -> one.wanted().subject())
            .toList();
    assertThat(asked.subList(0, subjects)).doesNotHaveDuplicates();
    assertThat(asked).hasSize(subjects + 3);
  }

  @Test
  void a_copy_is_near_to_what_was_asked_and_never_the_same_combination() {
    Copies copies = new Copies(grammar, ladder, GivenScenes.level("base"));
    for (Prompt<Scene> prompt : HeldOut.prompts(grammar, 50, 3)) {
      Scene wanted = prompt.wanted();
      Scene copied = copies.nearest(prompt);
      int alike = wanted.subject() == copied.subject() ? 1 : 0;
      alike += wanted.motion() == copied.motion() ? 1 : 0;
      alike += wanted.colour() == copied.colour() ? 1 : 0;
      assertThat(alike).as(prompt.text()).isEqualTo(2);
    }
  }
}
