/**
 * The content filter: decides whether a prompt, an uploaded picture or clip, or what was made may
 * pass. No actors, no SQL.
 *
 * <p>{@link glimt.safety.filter.ContentFilter} is what the farm asks: its own filter, an operator's
 * at a URL, or none. Its own one reads prompts by {@link glimt.safety.filter.PromptRules} and
 * pictures by {@link glimt.safety.filter.PictureClasses}, whose network {@code pictures.py} and
 * weights {@code pictures.safetensors} are nsfwjs' MobileNetV2 (npm nsfwjs 4.3.0, {@code
 * dist/models/mobilenet_v2}, copyright 2019 Infinite Red, Inc., MIT), with the batch normalisation
 * folded into the weights and these rounded to float16; {@code pictures.json} is their card. It was
 * trained on photographs and drawings gathered from the web; on small or abstract pictures its
 * answer says little.
 */
@NullMarked
package glimt.safety.filter;

import org.jspecify.annotations.NullMarked;
