// Numbers of <linux/genetlink.h> and <linux/nl80211.h>.

export const GENL_HDRLEN = 4;
export const GENL_ID_CTRL = 16;
export const CTRL_CMD_GETFAMILY = 3;
export const CTRL_ATTR_FAMILY_ID = 1;
export const CTRL_ATTR_FAMILY_NAME = 2;
export const CTRL_ATTR_VERSION = 3;
export const CTRL_ATTR_MCAST_GROUPS = 7;
export const CTRL_ATTR_MCAST_GRP_NAME = 1;
export const CTRL_ATTR_MCAST_GRP_ID = 2;
/** Longest generic netlink family name in bytes (GENL_NAMSIZ less its NUL). */
export const GENL_NAME_MAX = 15;

export const NL80211_CMD_GET_WIPHY = 1;
export const NL80211_CMD_NEW_WIPHY = 3;
export const NL80211_CMD_GET_INTERFACE = 5;
export const NL80211_CMD_NEW_INTERFACE = 7;
export const NL80211_CMD_SET_WIPHY_NETNS = 49;

export const NL80211_ATTR_WIPHY = 1;
export const NL80211_ATTR_WIPHY_NAME = 2;
export const NL80211_ATTR_IFINDEX = 3;
export const NL80211_ATTR_IFNAME = 4;
export const NL80211_ATTR_IFTYPE = 5;
export const NL80211_ATTR_MAC = 6;
export const NL80211_ATTR_SUPPORTED_IFTYPES = 32;
export const NL80211_ATTR_WIPHY_FREQ = 38;
export const NL80211_ATTR_GENERATION = 46;
export const NL80211_ATTR_SUPPORTED_COMMANDS = 50;
export const NL80211_ATTR_SSID = 52;
export const NL80211_ATTR_PID = 82;
export const NL80211_ATTR_4ADDR = 83;
export const NL80211_ATTR_WDEV = 153;
export const NL80211_ATTR_SPLIT_WIPHY_DUMP = 174;
export const NL80211_ATTR_NETNS_FD = 219;

/** nl80211_iftype names by number, as iw(8) has them. */
export const IFTYPES = [
  'unspecified', 'IBSS', 'managed', 'AP', 'AP/VLAN', 'WDS', 'monitor', 'mesh point', 'P2P-client', 'P2P-GO',
  'P2P-device', 'outside context of a BSS', 'NAN',
] as const;
