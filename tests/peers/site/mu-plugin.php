<?php
// WordPress refuses a second comment of one author or address within 15 seconds. The tests that are not about this
// rule would have to wait it out, so they may switch it off, and only it, by a setting that the REST API can write.
// As installed, and whenever the setting is not "off", WordPress's own rule is in force.
add_action('init', function () {
    register_setting('discussion', 'hub_tests_flood_rule', ['type' => 'string', 'show_in_rest' => true, 'default' => 'on']);
    if (get_option('hub_tests_flood_rule') === 'off') {
        remove_filter('comment_flood_filter', 'wp_throttle_comment_flood', 10);
    }
});
