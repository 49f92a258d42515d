/* Azure's public regions, with the coordinates that Azure gives for them. */
#include "arm/locations.h"

const struct arm_location arm_locations[] = {
    {"eastus", "East US", "-79.8164", "37.3719"},
    {"eastus2", "East US 2", "-78.3889", "36.6681"},
    {"southcentralus", "South Central US", "-98.5", "29.4167"},
    {"westus2", "West US 2", "-119.852", "47.233"},
    {"westus3", "West US 3", "-112.074036", "33.448376"},
    {"australiaeast", "Australia East", "151.2094", "-33.86"},
    {"southeastasia", "Southeast Asia", "103.833", "1.283"},
    {"northeurope", "North Europe", "-6.2597", "53.3478"},
    {"swedencentral", "Sweden Central", "17.14127", "60.67488"},
    {"uksouth", "UK South", "-0.799", "50.941"},
    {"westeurope", "West Europe", "4.9", "52.3667"},
    {"centralus", "Central US", "-93.6208", "41.5908"},
    {"southafricanorth", "South Africa North", "28.21837", "-25.73134"},
    {"centralindia", "Central India", "73.9197", "18.5822"},
    {"eastasia", "East Asia", "114.188", "22.267"},
    {"japaneast", "Japan East", "139.77", "35.68"},
    {"koreacentral", "Korea Central", "126.978", "37.5665"},
    {"canadacentral", "Canada Central", "-79.383", "43.653"},
    {"francecentral", "France Central", "2.373", "46.3772"},
    {"germanywestcentral", "Germany West Central", "8.682127", "50.110924"},
    {"italynorth", "Italy North", "9.18109", "45.46888"},
    {"norwayeast", "Norway East", "10.752245", "59.913868"},
    {"polandcentral", "Poland Central", "21.01666", "52.23334"},
    {"spaincentral", "Spain Central", "-3.4209", "40.4259"},
    {"switzerlandnorth", "Switzerland North", "8.564572", "47.451542"},
    {"uaenorth", "UAE North", "55.316666", "25.266666"},
    {"brazilsouth", "Brazil South", "-46.633", "-23.55"},
    {"israelcentral", "Israel Central", "33.4506633", "31.2655698"},
    {"qatarcentral", "Qatar Central", "51.439327", "25.551462"},
    {"mexicocentral", "Mexico Central", "-100.389888", "20.588818"},
    {"northcentralus", "North Central US", "-87.6278", "41.8819"},
    {"westus", "West US", "-122.417", "37.783"},
    {"japanwest", "Japan West", "135.5022", "34.6939"},
    {"westcentralus", "West Central US", "-110.234", "40.89"},
    {"southafricawest", "South Africa West", "18.843266", "-34.075691"},
    {"australiacentral", "Australia Central", "149.1244", "-35.3075"},
    {"australiacentral2", "Australia Central 2", "149.1244", "-35.3075"},
    {"australiasoutheast", "Australia Southeast", "144.9631", "-37.8136"},
    {"koreasouth", "Korea South", "129.0756", "35.1796"},
    {"southindia", "South India", "80.1636", "12.9822"},
    {"westindia", "West India", "72.868", "19.088"},
    {"canadaeast", "Canada East", "-71.217", "46.817"},
    {"francesouth", "France South", "2.1972", "43.8345"},
    {"germanynorth", "Germany North", "8.806422", "53.073635"},
    {"norwaywest", "Norway West", "5.733107", "58.969975"},
    {"switzerlandwest", "Switzerland West", "6.143158", "46.204391"},
    {"ukwest", "UK West", "-3.084", "53.427"},
    {"uaecentral", "UAE Central", "54.366669", "24.466667"},
    {"brazilsoutheast", "Brazil Southeast", "-43.2075", "-22.90278"},
};
const size_t arm_location_count = ARRAY_LEN(arm_locations);

const struct arm_location arm_location_global = {"global", "global", "0", "0"};

static bool same_letters(struct bytes text, const char *name)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == ' ') {
            continue;
        }
        byte = byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
        if (byte != *name++) {
            return false;
        }
    }
    return *name == '\0';
}

const struct arm_location *arm_location_find(struct bytes text)
{
    for (size_t i = 0; i < arm_location_count; i++) {
        if (same_letters(text, arm_locations[i].name)) {
            return &arm_locations[i];
        }
    }
    return NULL;
}
