/*
 * Runs while building: makes a C file of the scenarios, so that the program needs no folder of
 * them. embed OUTPUT FILE ...
 */
#include <stdio.h>
#include <string.h>

static int embed(FILE *output, const char *file, int index)
{
    FILE *input = fopen(file, "rb");
    int byte, column = 0;

    if (input == NULL) {
        perror(file);
        return 1;
    }
    fprintf(output, "static const char text_%d[] = {", index);
    while ((byte = fgetc(input)) != EOF) {
        /* Of UTF-8, too: char may be signed. */
        fprintf(output, "%s%d,", column++ % 20 == 0 ? "\n    " : " ",
                byte > 127 ? byte - 256 : byte);
    }
    fprintf(output, "\n    0,\n};\n\n");
    return fclose(input);
}

int main(int argc, char **argv)
{
    FILE *output = argc > 1 ? fopen(argv[1], "wb") : NULL;

    if (output == NULL) {
        fprintf(stderr, "usage: embed OUTPUT FILE ...\n");
        return 2;
    }
    fprintf(output, "#include \"emulator/scenarios/scenario.h\"\n\n");
    for (int i = 2; i < argc; i++) {
        if (embed(output, argv[i], i - 2) != 0) {
            return 1;
        }
    }
    fprintf(output, "const struct scenario_text scenario_texts[] = {\n");
    for (int i = 2; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        fprintf(output, "    {\"%s\", text_%d},\n", slash == NULL ? argv[i] : slash + 1, i - 2);
    }
    fprintf(output, "    {0},\n};\n");
    return fclose(output) == 0 ? 0 : 1;
}
