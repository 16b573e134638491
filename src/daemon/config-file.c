/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config-file.h"

#include <sys/stat.h>

void config_file_note(struct config_file *file)
{
    struct stat st;

    file->exists = stat(file->path, &st) == 0;
    file->mtime = file->exists ? st.st_mtim : (struct timespec){.tv_sec = 0};
}
