/* What init says to the worker, held to the protocol byte by byte. See harness.c. */
#pragma once

void sink_begin(void);
void sink_stage(const uint32_t caps[2]);                 /* a stage began */
void sink_take(const unsigned char *bytes, size_t size); /* init wrote this */
const unsigned char *sink_output(int which, size_t at);  /* what a program writes there: one chunk of it */

/* The words of the stage that ends at `end` in the worker's bytes: are they those the program is given? */
void sink_words(char **argv, char **env, const uint8_t *bytes, size_t end);
