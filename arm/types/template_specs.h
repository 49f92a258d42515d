/* Template specs, for those that deploy them. */
#ifndef ARM_TYPES_TEMPLATE_SPECS_H
#define ARM_TYPES_TEMPLATE_SPECS_H

#include "arm/service_state.h"

/* properties.mainTemplate, properties.linkedTemplates: [{"path", "template"}] */
extern const struct arm_resource_type arm_template_spec_version_type;

#endif
