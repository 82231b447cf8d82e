package glimt.published;

import java.util.Map;

/** What configurations of the transformers library have in common. */
final class Transformers {
  private Transformers() {}

  /**
   * Marks the keys of every configuration that change no number: where it came from, how text is
   * generated, and what a call returns.
   *
   * @throws glimt.bundle.BundleException if one of them asks for another network
   */
  static void common(PublishedConfig config) {
    config.ignore(
        "architectures",
        "model_type",
        "transformers_version",
        "torch_dtype",
        "dtype",
        "name_or_path",
        "finetuning_task",
        "task_specific_params",
        "problem_type",
        "id2label",
        "label2id",
        "num_labels",
        "tokenizer_class",
        "prefix",
        "bos_token_id",
        "pad_token_id",
        "eos_token_id",
        "sep_token_id",
        "decoder_start_token_id",
        "return_dict",
        "return_dict_in_generate",
        "output_hidden_states",
        "output_attentions",
        "output_scores",
        "torchscript",
        "gradient_checkpointing",
        "use_bfloat16",
        "tf_legacy_loss",
        "tie_encoder_decoder",
        "tie_word_embeddings",
        "is_encoder_decoder",
        "use_cache",
        "chunk_size_feed_forward",
        "cross_attention_hidden_size",
        "max_length",
        "min_length",
        "do_sample",
        "early_stopping",
        "num_beams",
        "num_beam_groups",
        "diversity_penalty",
        "temperature",
        "top_k",
        "top_p",
        "typical_p",
        "repetition_penalty",
        "length_penalty",
        "no_repeat_ngram_size",
        "encoder_no_repeat_ngram_size",
        "bad_words_ids",
        "num_return_sequences",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "remove_invalid_values",
        "exponential_decay_length_penalty",
        "suppress_tokens",
        "begin_suppress_tokens");
    config.only("is_decoder", false);
    config.only("add_cross_attention", false);
    config.only("pruned_heads", Map.of());
  }
}
